//! Members of other homeservers, over real federation between two on this machine.

use super::SOON;
use super::invitations::becomes;
use super::scene::{LENGTH, OPENED};
use crate::setup::Setup;
use crate::synapse::{Homeserver, body, is_skipped};

#[tokio::test]
async fn members_of_other_homeservers_are_answered_and_invite_the_bot_where_that_is_allowed() {
    if is_skipped() {
        return;
    }
    let (home, abroad) = (Homeserver::start_federated().await, Homeserver::start_federated().await);
    let (account, anna, bea) = (home.member("rapporteur").await, home.member("anna").await, abroad.member("bea").await);
    let setup = Setup::default();
    let bot = setup.start_on(&home, &account);
    // A room at home, with a guest.
    let room = anna.room(&[&account.id, &bea.id]).await;
    anna.sees_join(&room, &account.id, SOON).await;
    becomes(&anna, &room, &bea.id, "invite").await;
    bea.join(&room).await;
    let asked = bea.mention(&room, &account.id, OPENED).await;
    assert!(body(&bea.answer(&room, &asked, &account.id, SOON).await).contains("14 March 2031"));
    // A room abroad: by default, only the own homeserver's members invite the bot.
    let declined = bea.room(&[&account.id]).await;
    becomes(&bea, &declined, &account.id, "leave").await;
    bot.stop().await.expect("it stops");
    let name = bea.id.split_once(':').expect("a user id").1.to_owned();
    let setup = Setup { data: setup.data, ..Setup::default().with("MATRIX_INVITES", name) };
    let bot = setup.start_on(&home, &account);
    let accepted = bea.room(&[&account.id]).await;
    bea.sees_join(&accepted, &account.id, SOON).await;
    let asked = bea.mention(&accepted, &account.id, LENGTH).await;
    assert!(body(&bea.answer(&accepted, &asked, &account.id, SOON).await).contains("612 metres"));
    bot.stop().await.expect("it stops");
}
