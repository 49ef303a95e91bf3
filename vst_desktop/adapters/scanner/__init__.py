"""The Go scanner child over gRPC; the only place that imports grpc."""
