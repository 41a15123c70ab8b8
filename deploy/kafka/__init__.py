"""Kafka for one machine: its brokers (`broker`), and the topics of the producers (`topics`, `topics.yaml`)."""
