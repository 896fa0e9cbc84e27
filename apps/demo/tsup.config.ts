import { cp } from 'node:fs/promises'
import { build } from '@dwh/build/tsup'

export default build({
  entry: ['src/main.ts'],
  dts: false,
  // private packages of this workspace go into the bundle, with the files they read
  noExternal: ['@dwh/postgres-server', '@dwh/seed'],
  onSuccess: async () => {
    for (const part of ['sql', 'queries']) await cp(`../../seed/${part}`, `dist/seed/${part}`, { recursive: true })
  },
})
