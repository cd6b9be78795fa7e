// Package licenses holds the licences of all that is linked into the program: they travel with it.
package licenses

import _ "embed"

//go:generate go run ./gen LICENSES.txt

//go:embed LICENSES.txt
var text string

// Text names each module of which the program is made, for any system and with or without CUDA, with its version and
// the text of its licence.
func Text() string { return text }
