"""The log over Apache Kafka 4: one topic for each producer, keyed by aggregate; PostgreSQL stays the truth.

The only door to the client library. What a reader must know to change it:

Order. A reader passes over every position that is not beyond the last it saw of that partition. That is safe only
while a partition never holds a later position before an earlier one was there. Hence the sender has at most one batch
of each partition under way: it appends a chunk, flushes, and goes on when every event of it is acknowledged. What
failed is sent again from the start, so a partition may hold a stretch twice, and never with a gap.

Place. A reader's place is its own tracking, handed over by `seek`; the group's committed offset is only the quicker way
to it. Each commit carries, as its metadata, the position that it stands for. Where that is beyond the reader's place (a
read model was emptied, a database restored), the partition is read from its beginning. A partition that comes by a
rebalance is read from the committed offset, because whoever had it before committed after the effect.

Gaps. Topics keep everything, so what a reader needs next is there. Where it is not (retention was shortened, the topic
deleted, or made anew under its old name), reading stops with `LogIncomplete` instead of passing over what is missing: the
cure is a new generation of the topic, which a relay fills from the event store. A topic made anew under its old name
would look whole to a reader who begins at its beginning; hence a sender refuses to go on with one (`_check_topic`).

Partitions. Their number is the same in every generation of a topic: an aggregate must not change its partition, because
positions are tracked by partition.

Absence of the broker is no error for readers: `poll` finds nothing until it is back, and `behind` says so.
"""

from services.chassis.log_kafka.reading import KafkaLog
from services.chassis.log_kafka.sending import KafkaSender
from services.chassis.log_kafka.topics import Cluster, Topic, create_topics, read_topics

__all__ = ["Cluster", "KafkaLog", "KafkaSender", "Topic", "create_topics", "read_topics"]
