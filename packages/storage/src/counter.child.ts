import { isDwhError } from '@dwh/core'
import { localStore } from './index.ts'

// Counts a number in a local store up, by conditional writes, and says each that it has written.
const [path = '', times = '0'] = process.argv.slice(2)
const store = localStore({ path })
for (let done = 0; done < Number(times); ) {
  const now = await store.get('n')
  const next = (now ? Number(Buffer.from(now.body)) : 0) + 1
  try {
    await store.put('n', Buffer.from(String(next)), now ? { ifMatch: now.etag } : { ifAbsent: true })
    console.log(next)
    done += 1
  } catch (error) {
    if (!isDwhError(error, 'CONFLICT')) throw error
  }
}
