package barfile

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// mapFile maps a file to be read; an empty file gives no bytes and needs no unmapping.
func mapFile(path string) (data []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return nil, err
	}
	mapping, err := windows.CreateFileMapping(windows.Handle(file.Fd()), nil, windows.PAGE_READONLY, 0, 0, nil)
	if err != nil {
		return nil, &os.PathError{Op: "CreateFileMapping", Path: path, Err: err}
	}
	// The view keeps the mapping alive.
	defer func() { err = errors.Join(err, windows.CloseHandle(mapping)) }()
	address, err := windows.MapViewOfFile(mapping, windows.FILE_MAP_READ, 0, 0, uintptr(info.Size()))
	if err != nil {
		return nil, &os.PathError{Op: "MapViewOfFile", Path: path, Err: err}
	}
	// Through a pointer to the address: vet takes a plain conversion for arithmetic.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), info.Size()), nil
}

func unmapFile(data []byte) error {
	if data == nil {
		return nil
	}
	return windows.UnmapViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(data))))
}
