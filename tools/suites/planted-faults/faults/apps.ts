import type { PlantedFault } from '../planted-fault.ts'

const scheduler = 'apps/scheduler/src'

export const APPS: readonly PlantedFault[] = [
  {
    name: 'a run is tried once more than it should be',
    file: `${scheduler}/decide.ts`,
    find: "result === 'timeout') && retry < retries",
    replace: "result === 'timeout') && retry <= retries",
    tests: [`${scheduler}/decide.test.ts`],
  },
  {
    name: 'a retry waits for longer and longer',
    file: `${scheduler}/decide.ts`,
    find: 'Math.min(retryDelayMs * 2 ** Math.min(retry, 30), MOST_DELAY_MS)',
    replace: 'retryDelayMs * 2 ** Math.min(retry, 30)',
    tests: [`${scheduler}/decide.test.ts`],
  },
  {
    name: 'a scheduled time that passed while a run was in progress is lost',
    file: `${scheduler}/decide.ts`,
    find: 'at: schedule?.next(startedAt) ?? null, retry: 0',
    replace: 'at: schedule?.next(now) ?? null, retry: 0',
    tests: [`${scheduler}/decide.test.ts`],
  },
  {
    name: 'a failure is said before its retries are over',
    file: `${scheduler}/alerts.ts`,
    find: 'failures > retries',
    replace: 'failures >= retries',
    tests: [`${scheduler}/alerts.test.ts`],
  },
  {
    name: 'what lasts is said every day, and a little less',
    file: `${scheduler}/alerts.ts`,
    find: 'now.getTime() - alertedAt.getTime() >= REMIND_MS',
    replace: 'now.getTime() - alertedAt.getTime() > REMIND_MS',
    tests: [`${scheduler}/alerts.test.ts`],
  },
  {
    name: 'an alert that is refused is sent again',
    file: `${scheduler}/outbox.ts`,
    find: 'const again = !refused && !old',
    replace: 'const again = !old',
    tests: [`${scheduler}/outbox.test.ts`],
  },
  {
    name: 'a name of a table calls a channel',
    file: `${scheduler}/webhook.ts`,
    find: ".replaceAll('<', '&lt;')",
    replace: '',
    tests: [`${scheduler}/webhook.test.ts`],
    only: 'call nobody',
  },
  {
    name: 'a proxy that asks who we are is a refusal',
    file: `${scheduler}/webhook.ts`,
    find: '[407, 408, 425, 429]',
    replace: '[408, 425, 429]',
    tests: [`${scheduler}/webhook.test.ts`],
  },
  {
    name: 'a clock that is set back is not noticed',
    file: `${scheduler}/wait.ts`,
    find: '    if (now.getTime() < before.getTime() - LOOK_MS) return\n',
    replace: '',
    tests: [`${scheduler}/wait.test.ts`],
    only: 'clock',
  },
]
