package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// message is what a body says of itself, in one short line; empty when it says nothing to people.
func message(body []byte) string {
	var said struct {
		Message, Detail, Error json.RawMessage
	}
	text := string(body)
	if json.Unmarshal(body, &said) == nil {
		text = ""
		for _, raw := range []json.RawMessage{said.Message, said.Detail, said.Error} {
			if json.Unmarshal(raw, &text) == nil && text != "" {
				break
			}
		}
	}
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "<") || json.Valid([]byte(text)) {
		return ""
	}
	return brief(text)
}

// brief makes one line of at most 200 printable characters.
func brief(text string) string {
	const longest = 200
	var line strings.Builder
	n := 0
	for _, r := range strings.Join(strings.Fields(strings.ToValidUTF8(text, " ")), " ") {
		if !unicode.IsPrint(r) {
			continue
		}
		if n == longest {
			line.WriteString("…")
			break
		}
		line.WriteRune(r)
		n++
	}
	return line.String()
}

// jsonFault says in plain words what is wrong with a JSON text.
func jsonFault(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%s is a JSON %s", wrong.Field, wrong.Value)
	case errors.As(err, &syntax):
		return fmt.Errorf("it is no JSON from byte %d on", syntax.Offset)
	}
	return err
}
