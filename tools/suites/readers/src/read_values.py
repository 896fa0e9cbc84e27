"""Reads Parquet files with one engine, and prints what a program gets: one JSON document, by file.

read_values.py ENGINE < {"table": {"path": "...", "types": {"v": "UUID"}}}

A value becomes a text that tells its kind too: `number 12`, `text 616263` (UTF-8 in hex), `bytes 00ff`, `uuid ...`,
`day 19782` (from 1970), `moment` and `time` in microseconds, `list [...]`; duckdb-values.ts writes the same for DuckDB.
"""

import datetime
import decimal
import json
import struct
import sys
import uuid

decimal.getcontext().prec = 100
EPOCH = datetime.datetime(1970, 1, 1)


def text_of(value):
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, bool):
        return "truth " + str(value).lower()
    if isinstance(value, int):
        return f"number {value}"
    if isinstance(value, float):
        return "float NaN" if value != value else "float " + struct.pack(">d", value).hex()
    if isinstance(value, decimal.Decimal):
        return "number " + plain(format(value, "f"))
    if isinstance(value, Shown):
        return f"shown {value}"
    if isinstance(value, str):
        return "text " + value.encode().hex()
    if isinstance(value, (bytes, bytearray)):
        return "bytes " + bytes(value).hex()
    if isinstance(value, uuid.UUID):
        return f"uuid {value}"
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return f"moment {micros(value - EPOCH)}"
    if isinstance(value, datetime.date):
        return f"day {(value - EPOCH.date()).days}"
    if isinstance(value, datetime.time):
        return f"time {micros(datetime.datetime.combine(EPOCH, value) - EPOCH)}"
    if isinstance(value, list):
        return "list " + json.dumps([text_of(item) for item in value])
    return f"{type(value).__name__} {value}"


def plain(digits):
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def micros(delta):
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def attempt(read):
    # polars panics, which is no Exception
    try:
        return {"is": text_of(read())}
    except BaseException as error:
        return {"fails": f"{type(error).__name__}: {error}"[:300]}


def each(column, rows):
    return [attempt(lambda: column(row)) for row in range(rows)]


def pyarrow_values(path, _):
    from pyarrow import parquet

    table = parquet.read_table(path)
    return lambda name: each(lambda row: table[name][row].as_py(), len(table))


def pandas_values(path, _):
    import pandas

    frame = pandas.read_parquet(path, dtype_backend="pyarrow")
    return lambda name: each(lambda row: frame[name].iloc[row], len(frame))


def polars_values(path, _):
    import polars

    frame = polars.read_parquet(path)

    def value(found):
        return found.to_list() if isinstance(found, polars.Series) else found

    return lambda name: each(lambda row: value(frame[name][row]), len(frame))


def datafusion_values(path, _):
    import datafusion

    table = datafusion.SessionContext().read_parquet(path).to_arrow_table()
    return lambda name: each(lambda row: table[name][row].as_py(), len(table))


SPARK = {}


def spark_values(path, _):
    if not SPARK:
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[1]")
        for name, setting in {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.session.timeZone": "UTC",
            "spark.log.level": "OFF",
        }.items():
            builder = builder.config(name, setting)
        SPARK["session"] = builder.getOrCreate()
    frame = SPARK["session"].read.parquet(path)

    def values(name):
        column = frame.select("id", name).orderBy("id")
        try:
            return [{"is": text_of(row[name])} for row in column.collect()]
        except Exception:
            ids = [row["id"] for row in frame.select("id").orderBy("id").collect()]
            return [attempt(lambda: column.where(f"id = {id}").collect()[0][name]) for id in ids]

    return values


def clickhouse_values(path, types):
    import chdb

    def query(sql):
        answer = chdb.query(sql + " SETTINGS output_format_json_quote_64bit_integers = 1,"
                            " output_format_json_quote_decimals = 1, output_format_json_quote_denormals = 1",
                            "JSONCompactEachRow").bytes()
        # -0 is no whole number
        return [json.loads(line, parse_int=str, parse_float=str) for line in answer.splitlines()]

    source = f"file('{path}', Parquet)"
    query(f"SELECT id FROM {source}")

    def values(name):
        stored = types[name]
        # a String may hold any bytes, which JSON cannot
        shown = {"BLOB": f"hex({name})", "BLOB[]": f"arrayMap(x -> hex(x), {name})"}.get(stored, name)
        sql = f"SELECT toTypeName({name}), {shown} FROM {source}"
        try:
            return [attempt(lambda: clickhouse_value(kind, value, stored)) for kind, value in query(sql + " ORDER BY id")]
        except Exception:
            ids = [id for (id,) in query(f"SELECT id FROM {source} ORDER BY id")]
            return [attempt(lambda: [clickhouse_value(kind, value, stored)
                                     for kind, value in query(f"{sql} WHERE id = {id}")][0]) for id in ids]

    return values


class Shown(str):
    """A value without a type of Python, as ClickHouse shows it."""


def clickhouse_value(kind, value, stored):
    if value is None:
        return None
    if kind.startswith("Array("):
        return [clickhouse_value(kind[6:-1], item, stored[:-2]) for item in value]
    kind = kind[9:-1] if kind.startswith("Nullable(") else kind
    if kind == "Bool":
        return value
    if kind.startswith(("Int", "UInt")):
        return int(value)
    if kind.startswith("Decimal("):
        return decimal.Decimal(value)
    if kind == "Float32":
        return struct.unpack("f", struct.pack("f", float(value)))[0]
    if kind == "Float64":
        return float(value)
    if kind == "String":
        return bytes.fromhex(value) if stored == "BLOB" else value
    if kind == "UUID":
        return uuid.UUID(value)
    if kind == "Date32" and not value.startswith("0000"):
        return datetime.date.fromisoformat(value)
    if kind.startswith("DateTime64(6") and not value.startswith("0000"):
        return datetime.datetime.fromisoformat(value)
    return Shown(f"{kind} {value}")


ENGINES = {
    "clickhouse": clickhouse_values,
    "datafusion": datafusion_values,
    "pandas": pandas_values,
    "polars": polars_values,
    "pyarrow": pyarrow_values,
    "spark": spark_values,
}


def read(engine, path, types):
    try:
        column = ENGINES[engine](path, types)
    except BaseException as error:
        return {"file": f"{type(error).__name__}: {error}"[:300]}
    return {"values": {name: column(name) for name in types}}


def main():
    files = json.load(sys.stdin)
    found = {name: read(sys.argv[1], file["path"], file["types"]) for name, file in files.items()}
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main()
