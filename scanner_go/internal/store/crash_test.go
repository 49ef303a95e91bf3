package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"vst/scanner/internal/bars"
)

const (
	victimVariable = "VST_STORE_VICTIM"
	stepVariable   = "VST_STORE_STEP"
)

// countdown is a context that lets so many looks at it pass before it does its worst.
type countdown struct {
	context.Context
	mu   sync.Mutex
	left int
	then func() error
}

func (c *countdown) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left < 0 {
		return c.then()
	}
	return nil
}

// victimChange is a change that replaces, appends, and makes it necessary to tidy.
func victimChange() Change {
	return Change{Replace: many(300, 200, 250, 20), Append: []*bars.Series{daily("TAIL", 140, 5, 10)}}
}

// prepareVictim fills the folder, and tells what it holds before and after the victim's change.
func prepareVictim(t *testing.T, dir string) (old, new []*bars.Series) {
	t.Helper()
	s := open(t, dir)
	write(t, s, Change{Replace: append(many(300, 100, 20, 10), daily("TAIL", 100, 40, 10))})
	return append(many(300, 100, 20, 10), daily("TAIL", 100, 40, 10)),
		append(many(300, 200, 250, 20), daily("TAIL", 100, 45, 10))
}

// beVictim writes until it is killed, which it does itself at a step of its own write when it
// was told one.
func beVictim(dir string) {
	s, err := Open(dir, quiet)
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	var ctx context.Context = context.Background()
	if step, err := strconv.Atoi(os.Getenv(stepVariable)); err == nil {
		ctx = &countdown{Context: ctx, left: step, then: func() error {
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				_ = self.Kill()
			}
			// Nothing may be done behind the kill.
			select {}
		}}
	}
	fmt.Println("ready")
	if err := s.Write(ctx, victimChange()); err != nil {
		fmt.Println(err)
		os.Exit(4)
	}
	os.Exit(0)
}

func victim(t *testing.T, dir, step string) *exec.Cmd {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), victimVariable+"="+dir, stepVariable+"="+step)
	return command
}

// expectOldOrNew opens the store as the next process would, reads it, and writes to it.
func expectOldOrNew(t *testing.T, dir string, old, new []*bars.Series) (isNew bool) {
	t.Helper()
	s := open(t, dir)
	if lost := errorsOf(s); len(lost) > 0 {
		t.Fatalf("after the kill symbols are lost: %v", lost)
	}
	found := content(t, s)
	want := old
	if tail := found["TAIL"]; tail != nil && tail.Time[len(tail.Time)-1] == 144 {
		isNew, want = true, new
	}
	expect(t, s, want...)
	write(t, s, Change{Append: []*bars.Series{daily("TAIL", 200, 1, 10)}})
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	// Besides the segments there are the manifest and the lock.
	if len(left) != len(segments(t, s))+2 {
		t.Fatalf("leftovers stay: %v", left)
	}
	return isNew
}

func TestAKillAtAnyStepOfAWriteLeavesTheOldOrTheNew(t *testing.T) {
	t.Run("of a store that has bars", func(t *testing.T) { killAtEveryStep(t, prepareVictim) })
	t.Run("of a new store", func(t *testing.T) {
		killAtEveryStep(t, func(*testing.T, string) (old, new []*bars.Series) {
			return nil, append(many(300, 200, 250, 20), daily("TAIL", 140, 5, 10))
		})
	})
}

func killAtEveryStep(t *testing.T, prepare func(t *testing.T, dir string) (old, new []*bars.Series)) {
	ended := map[bool]int{}
	for step := 0; ; step++ {
		dir := t.TempDir()
		old, new := prepare(t, dir)
		out, err := victim(t, dir, strconv.Itoa(step)).Output()
		isNew := expectOldOrNew(t, dir, old, new)
		if err == nil {
			if !isNew {
				t.Fatal("the write ended well and its change is not there")
			}
			break
		}
		if code := err.(*exec.ExitError).ExitCode(); code > 1 {
			t.Fatalf("the victim ended by itself with %d: %s", code, out)
		}
		ended[isNew]++
	}
	if ended[false] < 3 {
		t.Fatalf("kills left the old %d times: too few steps", ended[false])
	}
}

func TestAKillAtAnyMomentOfAWriteLeavesTheOldOrTheNew(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2))
	longest := 20 * time.Millisecond
	for range 25 {
		dir := t.TempDir()
		old, new := prepareVictim(t, dir)
		command := victim(t, dir, "")
		out, err := command.StdoutPipe()
		if err == nil {
			err = command.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		var line string
		if _, err := fmt.Fscanln(out, &line); err != nil || line != "ready" {
			t.Fatalf("the victim said %q, %v", line, err)
		}
		started := time.Now()
		timer := time.AfterFunc(time.Duration(random.Int64N(int64(longest))), func() { _ = command.Process.Kill() })
		if command.Wait() == nil {
			// It got through: kill earlier.
			longest = max(time.Since(started), time.Millisecond)
		}
		timer.Stop()
		expectOldOrNew(t, dir, old, new)
	}
}
