package handshake

import (
	"context"
	"crypto/subtle"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Guard refuses every call, health included, that does not carry the token.
type Guard struct{ want []byte }

// NewGuard guards with the token.
func NewGuard(token string) Guard { return Guard{want: []byte("Bearer " + token)} }

// Unary is the interceptor of unary calls.
func (g Guard) Unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := g.check(ctx); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

// Stream is the interceptor of streams.
func (g Guard) Stream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := g.check(stream.Context()); err != nil {
		return err
	}
	return handler(server, stream)
}

func (g Guard) check(ctx context.Context) error {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) != 1 || subtle.ConstantTimeCompare([]byte(values[0]), g.want) != 1 {
		return status.Error(codes.Unauthenticated, "this call carries no valid token")
	}
	return nil
}
