import { mkdtemp } from 'node:fs/promises'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { localStore } from '@dwh/storage'

const [connection = '', name = '', folder = ''] = process.argv.slice(2)
const temporary = await mkdtemp('/var/tmp/copy-one-table-')
const writer = await openParquetWriter({ tempDirectory: temporary })
const snapshot = await postgresSource({ connection }).open()
try {
  const table = (await snapshot.tables()).find((offered) => offered.name === name)
  if (!table) throw new Error(`no table ${name}`)
  const path = `${temporary}/table.parquet`
  const { rows } = await writer.write({ path, columns: table.columns, data: snapshot.read(table) })
  const { key, sha256 } = await localStore({ path: folder }).putFile(`${name}.parquet`, path, { move: true })
  console.log(`${rows} rows in ${folder}/${key}, SHA-256 ${sha256}`)
} finally {
  await snapshot.close()
  await writer.close()
}
