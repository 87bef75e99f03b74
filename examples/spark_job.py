"""Evaluate a whole group's store on a cluster: Parquet in, Parquet out, distributed from end to end.

    spark-submit --py-files policies.zip examples/spark_job.py STORE OUT 2014-09-30 POLICIES

STORE holds ``customers``, ``visits`` and the other tables as Parquet (a file or a directory each), with the columns of
the records. Nothing is collected: the driver builds the plan, the executors carry it out.
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql.utils import AnalysisException

import dealerrules as dr

TABLES = ("customers", "vehicles", "visits", "insurance", "referrals", "surveys", "suggestions", "contacts")


def main(store: str, out: str, as_of: str, policies: str) -> None:
    """Write the answers for every customer of a store."""
    spark = SparkSession.builder.appName("dealerrules").getOrCreate()
    tables = {}
    for name in TABLES:
        try:
            tables[name] = spark.read.parquet(f"{store}/{name}.parquet")
        except AnalysisException:  # a table left out has no events
            sys.stderr.write(f"{name}: not there\n")
    answers = dr.load(policies).evaluate_frame(tables, as_of=as_of)
    answers.write.mode("overwrite").parquet(out)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:5])
