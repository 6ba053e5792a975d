"""Analysis of records: tables, statistics, the switchover, claims and advice (without torch)."""
