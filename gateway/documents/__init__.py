"""Documents that come with the gateway 备案查询: what its own pages, examples and the partner guide ask."""
