//go:build !amd64

package kernel

func fastest() Kernel { return Scalar }
