package server

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "vst/scanner/internal/gen/scannerv1"
)

func TestAnExpiredCertificateIsRefusedEvenIfItIsTheParents(t *testing.T) {
	for name, c := range map[string]struct {
		from, until time.Duration
		want        codes.Code
	}{
		"valid":         {-time.Hour, time.Hour, codes.OK},
		"expired":       {-2 * time.Hour, -time.Hour, codes.Unavailable},
		"not yet valid": {time.Hour, 2 * time.Hour, codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			child := startChildFor(t, makeCertificate(t, c.from, c.until))
			if _, err := child.scanner().GetMetrics(t.Context(), &pb.MetricsRequest{}); status.Code(err) != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestPathsThatAreNoMethodAreUnimplemented(t *testing.T) {
	child := startChild(t)
	for _, token := range []string{token, "another token of some length"} {
		connection := child.dial(token, child.certificate)
		for _, path := range []string{
			"vst.scanner.v1.Scanner/GetMetrics", "/vst.scanner.v1.Scanner/Nothing", "/vst.scanner.v1.Scanner", "/other.Service/Scan",
			"//vst.scanner.v1.Scanner/GetMetrics", "GetMetrics", "/",
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			err := connection.Invoke(ctx, path, &pb.MetricsRequest{}, &pb.MetricsResponse{})
			cancel()
			if status.Code(err) != codes.Unimplemented {
				t.Errorf("%q: %v", path, err)
			}
		}
	}
}
