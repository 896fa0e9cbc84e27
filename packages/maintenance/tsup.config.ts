import { build } from '@dwh/build/tsup'

export default build()
