import type { PlantedFault } from '../planted-fault.ts'

const scheduler = 'apps/scheduler/src'

export const APPS: readonly PlantedFault[] = [
  {
    name: 'a failed run is retried once too often',
    file: `${scheduler}/decide.ts`,
    find: "result === 'timeout') && retry < retries",
    replace: "result === 'timeout') && retry <= retries",
    tests: [`${scheduler}/decide.test.ts`],
  },
  {
    name: 'the delay of a retry has no upper limit',
    file: `${scheduler}/decide.ts`,
    find: 'Math.min(retryDelayMs * 2 ** Math.min(retry, 30), MOST_DELAY_MS)',
    replace: 'retryDelayMs * 2 ** Math.min(retry, 30)',
    tests: [`${scheduler}/decide.test.ts`],
  },
  {
    name: 'a scheduled time that passed while a run was in progress is lost',
    file: `${scheduler}/decide.ts`,
    find: 'at: isCaughtUp ? (schedule?.next(startedAt) ?? null) : scheduled',
    replace: 'at: scheduled',
    tests: [`${scheduler}/decide.test.ts`],
  },
  {
    name: 'an alert is sent before the last retry',
    file: `${scheduler}/alerts.ts`,
    find: 'failures > retries',
    replace: 'failures >= retries',
    tests: [`${scheduler}/alerts.test.ts`],
  },
  {
    name: 'a reminder of a lasting problem comes after more than a day',
    file: `${scheduler}/alerts.ts`,
    find: 'now.getTime() - alertedAt.getTime() >= REMIND_MS',
    replace: 'now.getTime() - alertedAt.getTime() > REMIND_MS',
    tests: [`${scheduler}/alerts.test.ts`],
  },
  {
    name: 'a rejected alert is sent again',
    file: `${scheduler}/outbox.ts`,
    find: 'const again = !refused && !old',
    replace: 'const again = !old',
    tests: [`${scheduler}/outbox.test.ts`],
  },
  {
    name: 'a table name in an alert mentions a whole channel',
    file: `${scheduler}/webhook.ts`,
    find: ".replaceAll('<', '&lt;')",
    replace: '',
    tests: [`${scheduler}/webhook.test.ts`],
    only: 'notify nobody',
  },
  {
    name: 'an alert is given up when a proxy asks for a login',
    file: `${scheduler}/webhook.ts`,
    find: '[407, 408, 425, 429]',
    replace: '[408, 425, 429]',
    tests: [`${scheduler}/webhook.test.ts`],
  },
  {
    name: 'a clock set back is not noticed',
    file: `${scheduler}/wait.ts`,
    find: '    if (now.getTime() < before.getTime() - LOOK_MS) return\n',
    replace: '',
    tests: [`${scheduler}/wait.test.ts`],
    only: 'clock',
  },
]
