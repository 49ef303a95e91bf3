package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const redacted = "***"

// Secret is a credential that shows itself nowhere: not in any verb of fmt, not in a log, not in
// JSON. It is held by reference because fmt reads the fields of structs without asking them.
type Secret struct{ value *string }

var errNotText = errors.New("a credential is not a JSON string")

var (
	_ fmt.Formatter    = Secret{}
	_ fmt.Stringer     = Secret{}
	_ json.Marshaler   = Secret{}
	_ slog.LogValuer   = Secret{}
	_ json.Unmarshaler = (*Secret)(nil)
)

// NewSecret wraps a credential.
func NewSecret(value string) Secret { return Secret{&value} }

func (Secret) String() string { return redacted }

// Format writes the same for every verb.
func (Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue is what a log shows.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON is what JSON shows.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// UnmarshalJSON takes a JSON string. Its error does not quote what it was given.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var value string
	if json.Unmarshal(data, &value) != nil {
		return errNotText
	}
	*s = NewSecret(strings.TrimSpace(value))
	return nil
}

// reveal is the credential itself.
func (s Secret) reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// usable says why a credential cannot be sent, in words that do not show it.
func (s Secret) usable(key string) error {
	if s.reveal() == "" {
		return fmt.Errorf("the key %q is missing", key)
	}
	for _, r := range s.reveal() {
		if r <= ' ' || r > '~' {
			return fmt.Errorf("the key %q holds a character that no credential has", key)
		}
	}
	return nil
}
