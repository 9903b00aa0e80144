//! One request, from its head to its answer: who asks, what for, and the report.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Method, Request, Response, StatusCode};

use super::forward::{self, Visitor};
use super::guard::{self, RefusedRequest};
use super::heads;
use super::line::Manners;
use super::reply::{self, Body};
use super::route::{self, Act, Ask, Missing, Route};
use super::site::ServerSite;
use super::{action, api, stream};
use crate::error::{Code, Failure, Result};

/// The word of answers that are no command's.
const SERVE: &str = "serve";

/// Answers a request: by a service, where its name is asked for. Of any other one the body is read of those alone that may act.
///
/// # Errors
///
/// Never.
pub async fn answer(
    site: Arc<ServerSite>,
    visitor: Visitor,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let head = heads::of(&parts);
    let name = guard::name(&head, site.place);
    let is_known = guard::require_token(&head, &site.token).is_ok();
    let mut request = Request::from_parts(parts, body);
    if let Some(name) = name {
        if is_known {
            // The token is between us and the client: whoever had it could act here.
            request.headers_mut().remove(header::AUTHORIZATION);
        }
        return Ok(forward::forward(&site, &name, is_known, &visitor, request).await);
    }
    visitor.manners.heed_end(false);
    let is_head = *request.method() == Method::HEAD;
    let mut response = answered(&site, &visitor.manners, request).await;
    if is_head {
        *response.body_mut() = Body::default();
    }
    Ok(response)
}

async fn answered(site: &Arc<ServerSite>, manners: &Manners, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let head = heads::of(&parts);
    if let Err(refused) = guard::admit(&head, site.place) {
        let status = match refused {
            RefusedRequest::Host(_) => StatusCode::MISDIRECTED_REQUEST,
            RefusedRequest::Page(_) => StatusCode::FORBIDDEN,
        };
        return reply::failure(SERVE, &refused.failure(), status);
    }
    let uri = &parts.uri;
    let route = match route::find(&parts.method, uri.path(), uri.query()) {
        Ok(route) => route,
        Err(Missing::Path) => {
            let failure = Failure::new(Code::NotFound, "there is nothing of that name")
                .hint("`/openapi.json` lists what there is");
            return reply::failure(SERVE, &failure, StatusCode::NOT_FOUND);
        }
        Err(Missing::Method(allowed)) => {
            let failure = Failure::new(Code::Usage, format!("this is asked for by {allowed}"));
            let mut response = reply::failure(SERVE, &failure, StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(allowed));
            return response;
        }
    };
    if needs_token(site, &route)
        && let Err(failure) = guard::require_token(&head, &site.token)
    {
        return reply::failure(SERVE, &failure, StatusCode::UNAUTHORIZED);
    }
    match route {
        Route::File(file) => file.answer(site.shown),
        Route::Healthz => reply::plain(StatusCode::OK, "ok"),
        Route::Stream => {
            manners.heed_end(true);
            let last = heads::one(&parts.headers, &HeaderName::from_static("last-event-id"));
            stream::open(site, last.and_then(|last| last.parse().ok())).await
        }
        Route::Metrics => scraped(site).await,
        Route::Discovery => discovered(site).await,
        Route::Act(act) => acted(site, act, &parts.headers, body).await,
        Route::Ask(ask) => reported(site, ask).await,
    }
}

fn needs_token(site: &ServerSite, route: &Route) -> bool {
    match route {
        Route::File(_) | Route::Healthz => false,
        Route::Metrics | Route::Discovery => !site.shown.open.metrics,
        Route::Ask(ask) if ask.is_health() => !site.shown.open.health,
        Route::Ask(_) | Route::Stream | Route::Act(_) => true,
    }
}

async fn reported(site: &Arc<ServerSite>, ask: Ask) -> Response<Body> {
    let command = ask.command();
    apart(site, command, move |site| {
        let (status, bytes) = api::answer(site, &ask)?;
        Ok(reply::bytes(status, reply::JSON, bytes))
    })
    .await
}

async fn scraped(site: &Arc<ServerSite>) -> Response<Body> {
    apart(site, "metrics", |site| Ok(reply::bytes(StatusCode::OK, reply::PROMETHEUS, api::metrics(site)?)))
        .await
}

async fn discovered(site: &Arc<ServerSite>) -> Response<Body> {
    apart(site, SERVE, |site| Ok(reply::bytes(StatusCode::OK, reply::JSON, api::discovery(site)?))).await
}

async fn acted(site: &Arc<ServerSite>, act: Act, headers: &HeaderMap, body: Incoming) -> Response<Body> {
    let command = act.action.command();
    let body = match action::body(site, headers, body).await {
        Ok(body) => body,
        Err((status, failure)) => return reply::failure(command, &failure, status),
    };
    // Reports are made while somebody waits for a service.
    let Ok(turn) = Arc::clone(&site.turns).acquire_owned().await else { return unmade(command) };
    apart(site, command, move |site| {
        // It lasts as long as the work: a client that hangs up leaves it going on.
        let _turn = turn;
        Ok(reply::bytes(StatusCode::OK, reply::JSON, action::act(site, &act, &body)?))
    })
    .await
}

/// Has an operation make an answer: it reads files and asks the kernel, so it has a thread of its own.
async fn apart(
    site: &Arc<ServerSite>,
    command: &'static str,
    work: impl FnOnce(&ServerSite) -> Result<Response<Body>> + Send + 'static,
) -> Response<Body> {
    let site = Arc::clone(site);
    match tokio::task::spawn_blocking(move || work(&site)).await {
        Ok(Ok(response)) => response,
        Ok(Err(failure)) => reply::failure(command, &failure, reply::status(failure.code())),
        Err(_) => unmade(command),
    }
}

fn unmade(command: &str) -> Response<Body> {
    let failure = Failure::new(Code::Internal, "the report could not be made");
    reply::failure(command, &failure, StatusCode::INTERNAL_SERVER_ERROR)
}
