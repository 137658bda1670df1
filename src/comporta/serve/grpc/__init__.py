"""The Open Inference Protocol v2 over gRPC: its messages, its methods, and the server that grpcio runs."""
