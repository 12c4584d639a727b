package bench

// Brand is whose report it is: what a person may put on its first page.
type Brand struct {
	Title  string `json:"title,omitempty"`
	Client string `json:"client,omitempty"`
	Author string `json:"author,omitempty"`
	// Logo is a file beside the brand's own: PNG, JPEG, WebP or SVG. Once it was read, it is the picture
	// itself, as a data URL.
	Logo string `json:"logo,omitempty"`
}
