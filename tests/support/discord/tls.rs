//! TLS in front of the fake, as `discord.com` under a CA of its own: for clients that keep their rate limiter, which ignore a proxy.
use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};

use super::Discord;

/// A TLS listener; it ends when dropped.
pub struct Tls {
    /// Where `discord.com` must resolve to.
    pub address: SocketAddr,
    /// The CA to trust, PEM.
    pub ca: String,
    task: JoinHandle<()>,
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Discord {
    /// Opens the TLS listener. The gateway stays on plain `ws://`, whose address the bot gets from GET /gateway.
    ///
    /// # Panics
    /// If no certificate can be made or no port be had.
    pub async fn tls(&self) -> Tls {
        let mut params = CertificateParams::new([]).expect("no names to refuse");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let ca = params.self_signed(&key).expect("a CA").pem();
        let leaf_key = KeyPair::generate().expect("a key");
        let names = ["discord.com", "gateway.discord.gg"].map(String::from);
        let leaf = CertificateParams::new(names).expect("names").signed_by(&leaf_key, &Issuer::new(params, key)).expect("a certificate");
        let secret = PrivateKeyDer::try_from(leaf_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
        let config =
            config.expect("versions").with_no_client_auth().with_single_cert(vec![leaf.der().clone()], secret).expect("a key that fits");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let plain = self.origin().replace("http://", "");
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, plain) = (acceptor.clone(), plain.clone());
                tokio::spawn(async move {
                    let (Ok(mut outside), Ok(mut inside)) = (acceptor.accept(stream).await, TcpStream::connect(plain).await) else {
                        return;
                    };
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Tls { address, ca, task }
    }
}
