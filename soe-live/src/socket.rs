//! A connection, plaintext or TLS, that yields to other connections.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

use crate::limits::TURN;

/// Either sort of connection. After [`TURN`] bytes it makes its task yield, so that
/// what was read is handled before more is read, and other connections go on.
pub struct Socket {
    sort: Sort,
    /// What may still be read in this turn.
    left: usize,
}

enum Sort {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl From<TcpStream> for Socket {
    fn from(socket: TcpStream) -> Self {
        let (sort, left) = (Sort::Plain(socket), TURN);
        Self { sort, left }
    }
}

impl From<TlsStream<TcpStream>> for Socket {
    fn from(socket: TlsStream<TcpStream>) -> Self {
        let (sort, left) = (Sort::Tls(Box::new(socket)), TURN);
        Self { sort, left }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.left == 0 {
            this.left = TURN;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = match &mut this.sort {
            Sort::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Sort::Tls(socket) => Pin::new(socket).poll_read(cx, buffer),
        };
        match read {
            // Nothing is left to read: the task ends its turn by itself.
            Poll::Pending => this.left = TURN,
            Poll::Ready(_) => {
                let read = buffer.filled().len() - before;
                this.left = this.left.saturating_sub(read);
            }
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().sort {
            Sort::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Sort::Tls(socket) => Pin::new(socket).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().sort {
            Sort::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Sort::Tls(socket) => Pin::new(socket).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().sort {
            Sort::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Sort::Tls(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().sort {
            Sort::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Sort::Tls(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.sort {
            Sort::Plain(socket) => socket.is_write_vectored(),
            Sort::Tls(socket) => socket.is_write_vectored(),
        }
    }
}
