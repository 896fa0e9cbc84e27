import { temporaryFolder } from '@dwh/test-kit'
import { localStore } from './index.ts'
import { storeContract } from './testing/index.ts'

storeContract('local folder', async () => {
  const path = await temporaryFolder()
  return {
    store: localStore({ path: `${path}/ware [house] *` }),
    reopen: () => localStore({ path: `${path}/ware [house] *` }),
  }
})
