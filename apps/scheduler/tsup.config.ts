import { bundle } from '@dwh/build/tsup'

export default bundle()
