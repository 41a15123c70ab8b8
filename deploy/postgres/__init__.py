"""PostgreSQL for one machine: the server itself (`cluster`), and the databases and roles in it (`databases`)."""
