package session

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func on(t *testing.T, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix() / secondsPerDay
}

func TestDaysWithoutASession(t *testing.T) {
	for text, why := range map[string]string{
		"2024-06-15": "Saturday", "2024-06-16": "Sunday", "2023-01-02": "New Year on a Sunday",
		"1998-01-19": "first Martin Luther King", "2024-02-19": "Washington", "2024-03-29": "Good Friday",
		"2019-04-19": "Good Friday", "1990-05-28": "Memorial", "2022-06-20": "first Juneteenth, a Sunday",
		"2020-07-03": "Independence on a Saturday", "2021-07-05": "Independence on a Sunday",
		"2024-09-02": "Labor", "2023-11-23": "Thanksgiving of a month with five Thursdays",
		"2021-12-24": "Christmas on a Saturday", "2022-12-26": "Christmas on a Sunday",
		"2001-09-14": "attacks", "2012-10-30": "hurricane", "2025-01-09": "day of mourning",
	} {
		if NYSE().Open(on(t, text)) {
			t.Errorf("%s (%s) is a session", text, why)
		}
	}
}

func TestDaysWithASession(t *testing.T) {
	for text, why := range map[string]string{
		"2021-12-31": "New Year on a Saturday", "1997-01-20": "before Martin Luther King was kept",
		"2021-06-18": "before Juneteenth was kept", "2001-09-17": "after the attacks",
		"2024-11-29": "half a day", "1990-01-02": "first of the calendar", "2099-12-31": "last of the calendar",
	} {
		if !NYSE().Open(on(t, text)) {
			t.Errorf("%s (%s) is no session", text, why)
		}
	}
}

func TestSessionsBetweenTwoDays(t *testing.T) {
	cases := []struct {
		after, before string
		want          int
		first, last   string
	}{
		{"2024-07-02", "2024-07-03", 0, "", ""},
		{"2024-07-03", "2024-07-05", 0, "", ""},
		{"2024-07-02", "2024-07-05", 1, "2024-07-03", "2024-07-03"},
		{"2024-07-03", "2024-07-10", 3, "2024-07-05", "2024-07-09"},
		{"2024-07-05", "2024-07-05", 0, "", ""},
		{"2024-07-05", "2024-07-01", 0, "", ""},
		{"1980-01-01", "1990-01-04", 2, "1990-01-02", "1990-01-03"},
		{"1980-01-01", "1989-12-30", 0, "", ""},
		{"2099-12-29", "2150-01-01", 2, "2099-12-30", "2099-12-31"},
		{"2120-01-01", "2150-01-01", 0, "", ""},
	}
	for _, c := range cases {
		after, before := on(t, c.after), on(t, c.before)
		if got := NYSE().Between(after, before); got != c.want {
			t.Errorf("%s to %s: %d sessions, want %d", c.after, c.before, got, c.want)
		}
		if c.want == 0 {
			continue
		}
		if first, last := NYSE().Span(after, before); first != on(t, c.first) || last != on(t, c.last) {
			t.Errorf("%s to %s: from %d to %d, want %s to %s", c.after, c.before, first, last, c.first, c.last)
		}
	}
}
