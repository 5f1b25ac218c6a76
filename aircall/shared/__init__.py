"""What several processes of one dashboard share, in Redis. On one process nothing of it is needed."""
