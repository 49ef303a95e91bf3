package barfile

import "fmt"

// CorruptError says what is wrong with a file that is no segment, or no longer one.
type CorruptError struct {
	Path string
	// Block is counted from 0, -1 when the fault is not in one block.
	Block  int
	Reason string
}

func (e *CorruptError) Error() string {
	if e.Block < 0 {
		return fmt.Sprintf("%s is corrupt: %s", e.Path, e.Reason)
	}
	return fmt.Sprintf("%s is corrupt: block %d: %s", e.Path, e.Block, e.Reason)
}

// UnsupportedError is a sound header of a format that another version of the program wrote.
type UnsupportedError struct{ Version uint32 }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("the segment has format version %d, this program reads version %d", e.Version, version)
}

// blockError is a fault of one block before the file's name is known.
type blockError struct {
	block int
	err   error
}

func (e *blockError) Error() string { return e.err.Error() }
