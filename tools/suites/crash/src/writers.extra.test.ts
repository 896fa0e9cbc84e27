import { testScenario } from './test-scenario.ts'

testScenario('writers')
