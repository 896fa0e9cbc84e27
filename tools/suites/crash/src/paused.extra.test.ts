import { testScenario } from './test-scenario.ts'

testScenario('paused')
