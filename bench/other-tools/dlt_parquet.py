"""dlt with the backend that its documentation calls the fastest for Postgres, to Parquet files in a folder."""
import os
import sys

import dlt
from dlt.sources.sql_database import sql_database

folder, *tables = sys.argv[1:]
source = sql_database(
    os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg2://", 1),
    backend="connectorx",
    table_names=tables,
)
pipeline = dlt.pipeline(
    "bench",
    pipelines_dir=f"{folder}/pipelines",
    destination=dlt.destinations.filesystem(bucket_url=f"file://{folder}"),
    dataset_name="bench",
)
pipeline.run(source, loader_file_format="parquet")
