package handshake

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"net"
	"strings"
	"testing"
)

func TestBootstrapLinesThatAreRefused(t *testing.T) {
	token := strings.Repeat("t", 43)
	line := func(more string) string {
		return `{"app_protocol":2,"token":"` + token + `","max_concurrency":50` + more + "}\n"
	}
	cases := []struct{ name, line, want string }{
		{"good", line(`,"client_ca_pem":"x","store":"","kernel":"auto","providers":{"alpaca":{"key":"k"}},"metrics_port":0,"pprof":true`), ""},
		{"no metrics", line(`,"metrics_port":null,"pprof":false`), ""},
		{"nothing", "", "read bootstrap line from stdin"},
		{"cut short", `{"app_protocol":2`, "read bootstrap line from stdin"},
		{"no JSON", "hello\n", "not the JSON object"},
		{"another protocol", `{"app_protocol":1,"token":"` + token + `"}` + "\n", "the station speaks protocol 1, this scanner 2"},
		{"no token", `{"app_protocol":2}` + "\n", "no usable token"},
		{"a short token", `{"app_protocol":2,"token":"abc"}` + "\n", "no usable token"},
		{"no workers", line(`,"max_concurrency":0`), "max_concurrency 0 is below 1"},
		{"a port below", line(`,"metrics_port":-1`), "metrics_port -1 is not in"},
		{"a port above", line(`,"metrics_port":65536`), "metrics_port 65536 is not in"},
		{"pprof alone", line(`,"pprof":true`), "pprof without metrics_port"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bootstrap, err := ReadBootstrap(bufio.NewReader(strings.NewReader(c.line)))
			if c.want == "" {
				if err != nil || bootstrap.Token != token {
					t.Errorf("got %+v, %v", bootstrap, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("the token leaks: %v", err)
			}
		})
	}
}

func TestTheHandshakeLine(t *testing.T) {
	var out bytes.Buffer
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	if err := Announce(&out, address, []byte("der")); err != nil {
		t.Fatal(err)
	}
	want := "1|2|tcp|127.0.0.1:4711|grpc|" + base64.StdEncoding.EncodeToString([]byte("der")) + "\n"
	if out.String() != want {
		t.Errorf("got %q", out.String())
	}
}
