//! The models of a run, loaded when the first file needs them: a run that
//! finds nothing changed loads none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::chunk::{Window, Windows};
use crate::embed::{Embedder, ModelConfig, Roles, TextTokenizer};
use crate::error::AdviseItself;
use crate::heap;
use crate::plan::IndexPlan;

use super::flight::Role;

/// Texts after which the memory that inference holds is given back, also in the
/// middle of a file: a large one has thousands, and every length among them
/// leaves its own holes in the arena.
const SHRINK_TEXTS: usize = 256;

pub(super) struct Models<'a> {
    plan: &'a IndexPlan,
    tokenizers: &'a Roles<Arc<TextTokenizer>>,
    loaded: Mutex<Option<Roles<Arc<Embedder>>>>,
    /// Texts that went through them.
    embedded: AtomicUsize,
}

impl<'a> Models<'a> {
    pub fn new(plan: &'a IndexPlan, tokenizers: &'a Roles<Arc<TextTokenizer>>) -> Self {
        Self {
            plan,
            tokenizers,
            loaded: Mutex::default(),
            embedded: AtomicUsize::default(),
        }
    }

    /// Loads the models, if that was not done yet.
    pub fn ready(&self) -> anyhow::Result<()> {
        let mut loaded = self.loaded();
        if loaded.is_none() {
            *loaded = Some(self.load()?);
        }
        Ok(())
    }

    /// Gives the memory of the models back: what comes after the files needs
    /// none of them.
    pub fn unload(&self) {
        *self.loaded() = None;
        heap::trim();
    }

    fn loaded(&self) -> MutexGuard<'_, Option<Roles<Arc<Embedder>>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tokenizers of the roles.
    pub fn tokenizers(&self) -> &'a Roles<Arc<TextTokenizer>> {
        self.tokenizers
    }

    /// How many texts of a role go to one embedding thread together.
    pub fn texts_per_job(&self, role: Role) -> usize {
        let Roles { text, code } = &self.plan.models;
        let model = match role {
            Role::Text => text,
            Role::Code => code,
        };
        model.as_ref().map_or(1, ModelConfig::texts_per_job)
    }

    /// The model of a role, once it is loaded.
    pub fn of(&self, role: Role) -> Option<Arc<Embedder>> {
        let loaded = self.loaded();
        let loaded = loaded.as_ref()?;
        match role {
            Role::Text => loaded.text.clone(),
            Role::Code => loaded.code.clone(),
        }
    }

    /// Hears of texts that went through a model, and gives memory back when it
    /// is time.
    pub fn embedded(&self, texts: usize) {
        let before = self.embedded.fetch_add(texts, Ordering::Relaxed);
        if before / SHRINK_TEXTS < (before + texts) / SHRINK_TEXTS {
            self.shrink();
        }
    }

    /// Gives back the memory that inference holds but does not use, if any
    /// model was loaded.
    pub fn shrink(&self) {
        let Some(Roles { text, code }) = self.loaded().clone() else {
            return;
        };
        let same = matches!((&text, &code), (Some(a), Some(b)) if Arc::ptr_eq(a, b));
        let code = code.as_ref().filter(|_| !same);
        for embedder in text.iter().chain(code) {
            if let Err(error) = embedder.shrink() {
                tracing::warn!("memory could not be given back: {error}");
            }
        }
    }

    /// The windows that chunks are cut for. A role that is off takes no part
    /// in it, so the other one's window stands for both.
    pub fn windows(&self) -> Option<Windows<'a>> {
        let Roles { text, code } = self.tokenizers;
        let text_window = text.as_ref().or(code.as_ref())?;
        let code_window = code.as_ref().or(text.as_ref())?;
        Some(Windows {
            text: window(text_window),
            code: window(code_window),
        })
    }

    fn load(&self) -> anyhow::Result<Roles<Arc<Embedder>>> {
        let models = &self.plan.models;
        let open = |config: &ModelConfig, tokenizer: &Arc<TextTokenizer>| {
            let embedder = Embedder::load(config, Arc::clone(tokenizer));
            embedder.map(Arc::new).advise()
        };
        let text = match (&models.text, &self.tokenizers.text) {
            (Some(config), Some(tokenizer)) => Some(open(config, tokenizer)?),
            _ => None,
        };
        let code = match (&models.code, &self.tokenizers.code) {
            // One model for both roles is loaded once.
            (Some(code), _) if models.text.as_ref().is_some_and(|text| text.id == code.id) => {
                text.clone()
            }
            (Some(config), Some(tokenizer)) => Some(open(config, tokenizer)?),
            _ => None,
        };
        Ok(Roles { text, code })
    }
}

fn window(tokenizer: &Arc<TextTokenizer>) -> Window<'_> {
    Window {
        counter: tokenizer.as_ref(),
        max_tokens: tokenizer.room(),
    }
}
