package live

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
)

// Server shows a feed to browsers.
type Server struct {
	listener net.Listener
	http     http.Server
	names    []string // of hosts by which the server may be asked for; lower case
	loopback bool     // it is reached from this machine alone
	token    string
	feed     *Feed
	actions  Actions
	ctx      context.Context // ends when the server is closed
	cancel   context.CancelFunc
	painted  chan struct{} // is closed when nothing is painted any more
}

// Actions are what a page can do to a training in this process, from any goroutine; nil: nothing.
type Actions struct {
	Checkpoint func()
	Stop       func()
}

// Listen takes an address for a Server: host:port, host or :port, where the host is 127.0.0.1 and the port 0, for any
// that is free, unless they are given. Nothing is answered before Start. It fails where the address is wrong or taken.
func Listen(address string) (*Server, error) {
	host, port, err := split(address)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("live: %s is in use by another program: choose another port, or 0 for any that is free",
			net.JoinHostPort(host, port))
	case err != nil:
		return nil, fmt.Errorf("live: %w", err)
	}
	s := &Server{listener: l, names: []string{"localhost"}, token: rand.Text(), painted: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if s.loopback = l.Addr().(*net.TCPAddr).IP.IsLoopback(); !s.loopback {
		s.names = append(s.names, ownNames(host)...)
	}
	return s, nil
}

// CheckAddress reports an address that Listen could not read.
func CheckAddress(address string) error {
	_, _, err := split(address)
	return err
}

func split(address string) (host, port string, err error) {
	host, port = address, ""
	if strings.Contains(address, ":") {
		if host, port, err = net.SplitHostPort(address); err != nil {
			return "", "", fmt.Errorf("live: want an address as 127.0.0.1:8080, got %q", address)
		}
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "0"
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return "", "", fmt.Errorf("live: want a port from 0 to 65535, got %q", port)
	}
	return host, port, nil
}

// Address is where the page is, with the token that it needs. The token stands behind #, which browsers keep to
// themselves.
func (s *Server) Address() string {
	at := s.listener.Addr().(*net.TCPAddr)
	host := at.String()
	if name, err := os.Hostname(); at.IP.IsUnspecified() && err == nil { // all addresses of this machine
		host = net.JoinHostPort(name, strconv.Itoa(at.Port))
	}
	return fmt.Sprintf("http://%s/#token=%s", host, s.token)
}

// Loopback reports whether the server can be reached from this machine alone.
func (s *Server) Loopback() bool { return s.loopback }

// What a request may cost.
const (
	maxHeader   = 4 << 10 // bytes, to which package http adds as many
	maxBody     = 1 << 10
	maxClients  = 64 // connections; others wait
	readTime    = 10 * time.Second
	writeTime   = 10 * time.Second // for one message: who does not take it by then is let go
	idleTime    = time.Minute
	farewell    = time.Second // for pages to take the last message when the server ends
	beatEvery   = 15 * time.Second
	reconnectIn = 2 * time.Second
)

// Start answers browsers until Close. It may be called once.
func (s *Server) Start(f *Feed, a Actions) {
	s.feed, s.actions = f, a
	f.about.Actions = a.Stop != nil
	s.http = http.Server{Handler: s.guarded(s.routes()), MaxHeaderBytes: maxHeader, ReadHeaderTimeout: readTime,
		ReadTimeout: readTime, IdleTimeout: idleTime,
		ErrorLog: log.New(io.Discard, "", 0)} // what clients do wrong is no matter of the terminal
	go func() { _ = s.http.Serve(netutil.LimitListener(s.listener, maxClients)) }() // ends with Close
	go func() {
		defer close(s.painted)
		f.paint(s.ctx)
	}()
}

// Close tells the pages the last news and ends the server.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if s.feed == nil { // not started
		s.cancel()
		_ = s.listener.Close()
		return
	}
	s.feed.finish(ctx)
	s.cancel()
	_ = s.http.Shutdown(ctx)
	_ = s.http.Close()
	<-s.painted
}
