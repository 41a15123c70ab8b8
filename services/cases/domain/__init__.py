"""What cases decides: one module per aggregate, and the county's rules and word lists as data beside them."""
