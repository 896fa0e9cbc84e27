import { build } from '@dwh/build/tsup'

export default build({ entry: ['src/index.ts', 'src/settings.ts'] })
