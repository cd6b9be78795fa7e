package live

import (
	"crypto/subtle"
	"net"
	"net/http"
	"os"
	"strings"
)

// tokenHeader is where a page puts the token of an action: a header that pages of others cannot send unasked.
const tokenHeader = "X-Neuralode-Token"

// policy lets the page load what the server has and nothing else, from nowhere else, in no frame of another page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ownNames are names of this machine, for a server that others reach, and the one by which its address was given.
func ownNames(host string) []string {
	names := []string{strings.ToLower(host)}
	if own, err := os.Hostname(); err == nil {
		names = append(names, strings.ToLower(own))
	}
	return names
}

// guarded answers requests that are meant for this server and come from its own page or from no page. A name that an
// attacker's page has rebound to this address is refused by its Host, a request of another page by its Origin.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch origin := r.Header.Get("Origin"); {
		case !s.meant(r.Host):
			http.Error(w, "this server does not go by that host's name", http.StatusForbidden)
		case origin != "" && origin != "http://"+r.Host:
			http.Error(w, "requests of other pages are refused", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// meant reports whether a Host is one of this server: one of its names, or a number, which needs no name server. The
// port does not matter: a tunnel may end at another.
func (s *Server) meant(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || !s.loopback
	}
	for _, name := range s.names {
		if name == host {
			return true
		}
	}
	return false
}

// known reports whether a request has the token.
func (s *Server) known(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1
}

// withToken lets requests pass whose token, as find has it, is right.
func (s *Server) withToken(find func(*http.Request) string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.known(find(r)) {
			http.Error(w, "the token is missing or wrong: open the address that the program printed",
				http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

// inQuery is the token of a request to read: event sources cannot send headers.
func inQuery(r *http.Request) string { return r.URL.Query().Get("token") }

// inHeader is the token of an action.
func inHeader(r *http.Request) string { return r.Header.Get(tokenHeader) }
