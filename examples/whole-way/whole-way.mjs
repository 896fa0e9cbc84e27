import { DEFAULT_SCHEMA, parseTableName, quoteIdentifier } from '@dwh/core'
import { openWarehouse } from '@dwh/warehouse'

const [storage = './warehouse'] = process.argv.slice(2)
const warehouse = await openWarehouse({ storage }, { env: process.env })
try {
  const { record } = await warehouse.run()
  const { tables } = await warehouse.tables()
  console.log(`${record.status}: ${Object.keys(tables).length} tables as of ${record.date}`)

  const session = await warehouse.session()
  try {
    for (const table of Object.keys(tables)) {
      const { schema, name } = parseTableName(table)
      const from = (schema === DEFAULT_SCHEMA ? [name] : [schema, name]).map(quoteIdentifier).join('.')
      const { rows } = await session.queryAll(`SELECT count(*) AS n FROM ${from}`)
      console.log(`${table}: ${rows[0].n} rows`)
    }
  } finally {
    await session.close()
  }

  const { problems, files } = await warehouse.verify()
  console.log(problems.length === 0 ? `whole: ${files} files` : problems)
} finally {
  await warehouse.close()
}
