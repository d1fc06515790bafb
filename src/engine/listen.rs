//! A state to try a policy on: it begins under a policy that is compiled already, and what its
//! events show of the rules is heard.

use std::sync::Arc;

use super::data::{Data, Published};
use super::read::View;
use super::state::{DEFAULT_WORKSPACE, State};
use super::workspace::Workspace;
use crate::lang::{Policy, Witness};
use crate::model::PolicyBundle;

impl State {
    /// A state whose default workspace has a policy, and nothing else: not even its text, which
    /// only matters where a state is kept.
    pub(crate) fn under(policy: Arc<Policy>) -> Self {
        let mut state = Self::new();
        let bundle = PolicyBundle { files: Vec::new() };
        let policies = Arc::new(vec![Published { bundle, policy }]);
        let mut workspace = Workspace::restored(Data { policies, ..Data::default() });
        workspace.heard = Some(Vec::new());
        state.names.intern(DEFAULT_WORKSPACE);
        state.workspaces.push(workspace);
        state
    }

    /// What was heard since this was asked before.
    pub(crate) fn heard(&mut self) -> Vec<Witness> {
        let workspace = self.workspaces.first_mut();
        workspace.and_then(|it| it.heard.as_mut()).map(std::mem::take).unwrap_or_default()
    }

    /// The default workspace as it stands, without a copy.
    pub(crate) fn as_it_stands(&self) -> Option<View<'_>> {
        self.workspaces.first().map(|workspace| View { data: &workspace.data })
    }
}
