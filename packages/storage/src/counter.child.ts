import { isDwhError } from '@dwh/core'
import { localStore } from './index.ts'

// Increments a number in a local store by conditional writes, and prints each number it has written.
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
