"""ADBC's Postgres driver: binary COPY, which it uses by itself, as a stream of Arrow batches."""
import os
import sys

import adbc_driver_postgresql.dbapi
import pyarrow.parquet

folder, *tables = sys.argv[1:]
with adbc_driver_postgresql.dbapi.connect(os.environ["DATABASE_URL"]) as connection:
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            batches = cursor.fetch_record_batch()
            with pyarrow.parquet.ParquetWriter(f"{folder}/{table}.parquet", batches.schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch)
