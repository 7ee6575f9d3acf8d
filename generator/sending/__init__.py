"""How generated days leave: to files, to Kafka at once, to Kafka at the pace of a clock."""
