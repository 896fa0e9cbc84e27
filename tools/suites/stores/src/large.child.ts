import { s3Store } from '@dwh/storage'

// uploads a file, downloads it again, and prints its peak memory
const [endpoint = '', bucket = '', accessKeyId = '', secretAccessKey = '', path = ''] = process.argv.slice(2)
const store = s3Store({ bucket, endpoint, credentials: { accessKeyId, secretAccessKey } })
const sent = await store.putFile('large', path)
const received = await store.getFile('large', `${path}.out`)
const peakBytes = process.resourceUsage().maxRSS * 1024
console.log(JSON.stringify({ size: sent.size, same: sent.sha256 === received?.sha256, peakBytes }))
