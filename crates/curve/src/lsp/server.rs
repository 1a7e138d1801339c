//! What the server answers.

use std::collections::BTreeMap;

use lsp_server::{ErrorCode, ExtractError, Notification, Request, Response};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionOrCommand, CodeActionProviderCapability,
    HoverProviderCapability, OneOf, PositionEncodingKind, PublishDiagnosticsParams, ServerCapabilities,
    TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind, Uri,
    notification::{
        DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _,
        PublishDiagnostics,
    },
    request::{
        CodeActionRequest, DocumentSymbolRequest, Formatting, GotoDefinition, HoverRequest, References,
        Request as _,
    },
};
use serde::{Serialize, de::DeserializeOwned};

use super::document::Document;

/// Most documents that are open at a time. What is opened beyond is not looked at.
const MAX_DOCUMENTS: usize = 256;

/// What the server can do.
pub fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(PositionEncodingKind::UTF16),
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    }
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nothing that the server said it can do.
    #[error("unknown method {0}")]
    Method(String),
    /// Not what the method takes.
    #[error("{method}: {error}")]
    Params {
        /// The method.
        method: String,
        /// What is wrong.
        error: serde_json::Error,
    },
}

impl Refusal {
    /// As the protocol has it.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Method(_) => ErrorCode::MethodNotFound,
            Self::Params { .. } => ErrorCode::InvalidParams,
        }
    }
}

/// The documents that are open, by their address.
#[derive(Debug, Default)]
pub struct Server {
    documents: BTreeMap<String, Document>,
}

impl Server {
    /// Answers a request. Of a document that is not open there is nothing to say.
    pub fn answer(&self, request: Request) -> Result<Response, Refusal> {
        match request.method.as_str() {
            HoverRequest::METHOD => self.ask::<HoverRequest, _>(request, |params| {
                let (document, position) = self.at(&params.text_document_position_params)?;
                document.hover(position)
            }),
            GotoDefinition::METHOD => self.ask::<GotoDefinition, _>(request, |params| {
                let (document, position) = self.at(&params.text_document_position_params)?;
                document.definition(position)
            }),
            References::METHOD => self.ask::<References, _>(request, |params| {
                let (document, position) = self.at(&params.text_document_position)?;
                Some(document.references(position, params.context.include_declaration))
            }),
            DocumentSymbolRequest::METHOD => self.ask::<DocumentSymbolRequest, _>(request, |params| {
                self.open(&params.text_document.uri).map(Document::symbols)
            }),
            Formatting::METHOD => self.ask::<Formatting, _>(request, |params| {
                self.open(&params.text_document.uri)
                    .and_then(Document::formatting)
            }),
            CodeActionRequest::METHOD => self.ask::<CodeActionRequest, _>(request, |params| {
                let actions = self.open(&params.text_document.uri)?.actions(params.range);
                Some(
                    actions
                        .into_iter()
                        .map(CodeActionOrCommand::CodeAction)
                        .collect::<Vec<_>>(),
                )
            }),
            _ => Err(Refusal::Method(request.method)),
        }
    }

    fn ask<R, T: Serialize>(
        &self,
        request: Request,
        answer: impl FnOnce(R::Params) -> Option<T>,
    ) -> Result<Response, Refusal>
    where
        R: lsp_types::request::Request,
        R::Params: DeserializeOwned,
    {
        match request.extract::<R::Params>(R::METHOD) {
            Ok((id, params)) => Ok(Response::new_ok(id, answer(params))),
            Err(ExtractError::MethodMismatch(request)) => Err(Refusal::Method(request.method)),
            Err(ExtractError::JsonError { method, error }) => Err(Refusal::Params { method, error }),
        }
    }

    fn open(&self, uri: &Uri) -> Option<&Document> {
        self.documents.get(uri.as_str())
    }

    fn at(&self, place: &TextDocumentPositionParams) -> Option<(&Document, lsp_types::Position)> {
        Some((self.open(&place.text_document.uri)?, place.position))
    }

    /// Takes notice of what happens in the editor; answers with diagnostics. What is not understood is passed over, as the
    /// protocol wants it.
    pub fn notice(&mut self, notice: Notification) -> Option<Notification> {
        match notice.method.as_str() {
            DidOpenTextDocument::METHOD => {
                let params = params::<DidOpenTextDocument>(notice)?;
                self.look(params.text_document.uri, params.text_document.text)
            }
            DidChangeTextDocument::METHOD => {
                let mut params = params::<DidChangeTextDocument>(notice)?;
                self.look(params.text_document.uri, params.content_changes.pop()?.text)
            }
            DidCloseTextDocument::METHOD => {
                let uri = params::<DidCloseTextDocument>(notice)?.text_document.uri;
                self.documents.remove(uri.as_str());
                Some(published(uri, Vec::new()))
            }
            _ => None,
        }
    }

    fn look(&mut self, uri: Uri, text: String) -> Option<Notification> {
        if self.documents.len() >= MAX_DOCUMENTS && self.open(&uri).is_none() {
            return None;
        }
        let document = Document::new(uri.clone(), text);
        let diagnostics = document.diagnostics();
        self.documents.insert(uri.as_str().to_owned(), document);
        Some(published(uri, diagnostics))
    }
}

fn params<N: lsp_types::notification::Notification>(notice: Notification) -> Option<N::Params>
where
    N::Params: DeserializeOwned,
{
    notice.extract(N::METHOD).ok()
}

fn published(uri: Uri, diagnostics: Vec<lsp_types::Diagnostic>) -> Notification {
    let params = PublishDiagnosticsParams::new(uri, diagnostics, None);
    Notification::new(PublishDiagnostics::METHOD.to_owned(), params)
}
