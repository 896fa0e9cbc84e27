import { buildTool } from '@dwh/build/tsup'

const config: ReturnType<typeof buildTool> = buildTool(['src/main.ts'])
export default config
