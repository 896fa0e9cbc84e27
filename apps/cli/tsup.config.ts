import { build } from '@dwh/build/tsup'

export default build({ entry: ['src/main.ts'], dts: false })
