package barfile

import "vst/scanner/internal/bars"

// OnGrid says whether every price of the series is exact in ticks that fit a block's int32.
func OnGrid(s *bars.Series) bool { return isOnGrid(s) }
