package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	lockName = "writer.lock"
	// A writer waits so long for another before it gives up, and looks so often.
	lockWait = 10 * time.Second
	lockPoll = 20 * time.Millisecond
)

// lock makes this the folder's only writer, in this process and in others. The system lets the
// lock go when a process dies.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(s.dir, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := waitForLock(ctx, file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() {
		if err := file.Close(); err != nil {
			s.log.Error("the bar store's lock cannot be let go", "store", s.dir, "error", err)
		}
	}, nil
}

func waitForLock(ctx context.Context, file *os.File) error {
	deadline := time.NewTimer(lockWait)
	defer deadline.Stop()
	poll := time.NewTicker(lockPoll)
	defer poll.Stop()
	for {
		if held, err := tryLock(file); held || err != nil {
			return err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("another process is writing to it: %w", ctx.Err())
		case <-deadline.C:
			return fmt.Errorf("another process is writing to it and did not finish within %s, try again later", lockWait)
		}
	}
}
