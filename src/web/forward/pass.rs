//! One request for a name: what it stands for, a connection that is proven, and the answer as the service gives it.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Response, StatusCode, Uri};
use tokio::sync::OwnedSemaphorePermit;

use super::pool::Upstream;
use super::{head, refusal, tunnel, upstream};
use crate::error::{Code, Failure, Result};
use crate::model::forwarding::ENDING;
use crate::ops::forwarding::{self, NamedTarget};
use crate::web::guard;
use crate::web::heads;
use crate::web::line::Manners;
use crate::web::reply::Body;
use crate::web::site::ServerSite;

/// Who asks, beside what the request says.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// `None` on a socket in the file system.
    pub address: Option<IpAddr>,
    /// The place among all connections.
    pub seat: Arc<OwnedSemaphorePermit>,
    /// How the connection is treated.
    pub manners: Arc<Manners>,
}

/// Forwards a request for `name`, which is all before `.localhost`. Who `is_known` has the token, and is told which names
/// there are.
pub async fn forward(
    site: &Arc<ServerSite>,
    name: &str,
    is_known: bool,
    visitor: &Visitor,
    request: Request<Incoming>,
) -> Response<Body> {
    let is_program = refusal::is_program(request.headers());
    match passed(site, name, visitor, request).await {
        Ok(response) => response,
        Err(mut failure) => {
            if is_known && matches!(failure.code(), Code::NotFound | Code::Ambiguous) {
                let (names, shared) = known(site, name).await;
                failure = failure.detail("names", names);
                if let Some(shared) = shared {
                    failure = failure.hint(shared);
                }
            }
            refusal::answer(&failure, is_program, site.url().as_deref())
        }
    }
}

/// What a request is like.
#[derive(Clone, Copy, Debug)]
struct RequestManner {
    /// Whether it may be sent twice.
    may_repeat: bool,
    is_upgrade: bool,
    /// Whether it may start what sleeps: a page of another site may not.
    may_wake: bool,
}

/// Which names there are, and where what serves all worktrees is found that was asked for by another one's name.
async fn known(site: &Arc<ServerSite>, name: &str) -> (Vec<String>, Option<String>) {
    let (site, name) = (Arc::clone(site), name.to_owned());
    let known = tokio::task::spawn_blocking(move || {
        let look = |folder: &Path| site.look_around(Some(folder)).map(|(context, _)| context);
        let names = site.book.names().unwrap_or_default().into_iter();
        let names = names.map(|name| format!("{name}{ENDING}")).collect();
        (names, site.book.find_shared(&name, &look))
    });
    known.await.unwrap_or_default()
}

async fn find(site: &Arc<ServerSite>, name: &str) -> Result<Arc<NamedTarget>> {
    if let Some(known) = site.book.recall(name) {
        return Ok(known);
    }
    let (site, name) = (Arc::clone(site), name.to_owned());
    let found = tokio::task::spawn_blocking(move || {
        let look = |folder: &Path| site.look_around(Some(folder)).map(|(context, _)| context);
        site.book.find(&name, &look)
    });
    found.await.unwrap_or_else(|_| Err(Failure::new(Code::Internal, "the name could not be looked up")))
}

async fn passed(
    site: &Arc<ServerSite>,
    name: &str,
    visitor: &Visitor,
    mut request: Request<Incoming>,
) -> Result<Response<Body>> {
    if request.method() == Method::CONNECT {
        return Err(Failure::new(Code::Usage, "names are forwarded to their services, and nothing else is"));
    }
    let target = find(site, name).await?;
    let targets = site.book.in_turn(&target);
    if targets.iter().any(|target| site.is_at(target.port)) {
        return Err(forwarding::nobody(&target));
    }
    let is_upgrade = head::upgrade(request.headers()).is_some();
    let client = is_upgrade.then(|| hyper::upgrade::on(&mut request));
    visitor.manners.forward();
    let (mut parts, body) = request.into_parts();
    let may_wake = !guard::is_of_another_site(&heads::of(&parts), site.place);
    head::of_request(&mut parts.headers, visitor.address, &target.worktree.name);
    parts.uri = origin_form(&parts.uri);
    let may_repeat = body.is_end_stream() && !is_upgrade && parts.method.is_idempotent();
    let manner = RequestManner { may_repeat, is_upgrade, may_wake };
    let mut response = send(site, &targets, parts, body.boxed(), manner).await?;
    head::of_answer(response.headers_mut(), &target.worktree.name);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let service = hyper::upgrade::on(&mut response);
        let Some(client) = client else {
            return Err(broken(&target, "it goes on in a protocol that nobody asked for"));
        };
        tunnel::carry(client, service, Arc::clone(&visitor.seat));
    }
    Ok(response.map(BodyExt::boxed))
}

/// What was asked for, without the host: that stands in `Host`.
fn origin_form(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    Uri::from(path)
}

/// Sends it over a connection that waits, else over a new one. What a service cannot have seen, or may see twice, is sent
/// once more where the connection that waited was just being closed.
async fn send(
    site: &Arc<ServerSite>,
    targets: &[Arc<NamedTarget>],
    parts: Parts,
    body: Body,
    manner: RequestManner,
) -> Result<Response<Incoming>> {
    let RequestManner { may_repeat, is_upgrade, may_wake } = manner;
    let again = may_repeat.then(|| parts.clone());
    let mut request = Request::from_parts(parts, body);
    // A connection that goes on in another protocol is nobody else's any more: it is a new one.
    if !is_upgrade
        && let Some(target) = targets.first()
        && let Some(mut upstream) = site.pool.take(target)
    {
        match upstream.sender.try_send_request(request).await {
            Ok(response) => return Ok(keep(site, target, upstream, response)),
            Err(mut error) => match (error.take_message(), again) {
                (Some(unsent), _) => request = unsent,
                (None, Some(parts)) => request = Request::from_parts(parts, Body::default()),
                (None, None) => return Err(broken(target, "it ended while it was asked")),
            },
        }
    }
    let (target, mut upstream) = upstream::reach(site, targets, may_wake).await?;
    match upstream.sender.send_request(request).await {
        Ok(response) if is_upgrade => Ok(response),
        Ok(response) => Ok(keep(site, target, upstream, response)),
        Err(error) => Err(broken(target, &format!("it did not answer: {error}"))),
    }
}

/// Keeps the connection for the next request once this one is answered to its end.
fn keep(
    site: &Arc<ServerSite>,
    target: &Arc<NamedTarget>,
    mut upstream: Upstream,
    response: Response<Incoming>,
) -> Response<Incoming> {
    if upstream.process.is_some() {
        let (pool, target) = (site.pool.clone(), Arc::clone(target));
        tokio::spawn(async move {
            if upstream.sender.ready().await.is_ok() {
                pool.put(&target, upstream);
            }
        });
    }
    response
}

fn broken(target: &NamedTarget, what: &str) -> Failure {
    let (service, name) = (&target.service, &target.worktree.name);
    Failure::new(Code::ServiceFailed, format!("`{service}` of `{name}` gave no answer: {what}"))
        .detail("service", service.as_str())
        .detail("worktree", name.as_str())
}
