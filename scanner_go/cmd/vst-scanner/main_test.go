package main

import (
	"path/filepath"
	"testing"
)

func TestExitCodesOfCommandLines(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		arguments []string
		want      int
	}{
		"no command":               {nil, 2},
		"an unknown command":       {[]string{"scan"}, 2},
		"the version":              {[]string{"version"}, 0},
		"help":                     {[]string{"serve", "--help"}, 0},
		"an unknown option":        {[]string{"serve", "--token", "x"}, 2},
		"an argument too many":     {[]string{"serve", "now"}, 2},
		"a service without files":  {[]string{"serve"}, 1},
		"health of nobody":         {[]string{"health"}, 1},
		"certificates for nobody":  {[]string{"certificates", "--out", dir}, 2},
		"certificates for no dir":  {[]string{"certificates", "--host", "localhost"}, 2},
		"certificates in a folder": {[]string{"certificates", "--out", filepath.Join(dir, "new"), "--host", "localhost"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run(c.arguments); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
