import { buildTool } from '@dwh/build/tsup'

export default buildTool([
  'src/main.ts',
  'src/output.ts',
  'src/detection.ts',
  'src/copy-out.ts',
  'src/naive-pipeline.ts',
  'src/ten-lines.ts',
  'src/peak-memory.ts',
])
