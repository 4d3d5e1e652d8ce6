"""A member with encryption (matrix-nio): one JSON object per line on standard input, one answer to each on standard output.

Every command has "do" and what it needs; the answer is {"ok": ...} or {"error": "..."}. Ends when standard input closes.
"""

import asyncio
import json
import sys
import time

from nio import AsyncClient, AsyncClientConfig, LocalProtocolError, MegolmEvent, RoomMessage, ToDeviceMessage

ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


class Member:
    def __init__(self):
        self.client = None
        self.heard = []  # (room id, source of the event as decrypted, whether it came encrypted)
        self.first_keys = {}  # room id -> the key that opens the session from its first message on

    async def login(self, homeserver, user, password, store):
        config = AsyncClientConfig(encryption_enabled=True, store_sync_tokens=True)
        self.client = AsyncClient(homeserver, user, store_path=store, config=config)
        self.client.add_event_callback(self.on_event, (RoomMessage, MegolmEvent))
        said = await self.client.login(password, device_name="member")
        if not self.client.access_token:
            raise RuntimeError(str(said))
        create = self.client.olm.create_outbound_group_session

        def remember(room_id):
            create(room_id)
            self.first_keys[room_id] = self.client.olm.outbound_group_sessions[room_id].session_key

        self.client.olm.create_outbound_group_session = remember
        await self.client.sync(timeout=0, full_state=True)
        self.syncing = asyncio.create_task(self.sync())
        return {"user": self.client.user_id, "device": self.client.device_id}

    async def sync(self):
        while True:
            try:
                await self.client.sync_forever(timeout=5000)
            except LocalProtocolError as error:
                # nio asks for keys in two places, and the second to come finds that there is nothing left to ask.
                print(f"syncing again: {error}", file=sys.stderr)

    async def on_event(self, room, event):
        self.heard.append((room.room_id, event.source, bool(event.decrypted) or isinstance(event, MegolmEvent)))

    async def create_room(self, invite, direct=False):
        made = await self.client.room_create(invite=invite, is_direct=direct, initial_state=[ENCRYPTION])
        if not hasattr(made, "room_id"):
            raise RuntimeError(str(made))
        await self.until(lambda: made.room_id in self.client.rooms and self.client.rooms[made.room_id].encrypted)
        return made.room_id

    async def join(self, room):
        await self.client.join(room)
        await self.until(lambda: room in self.client.rooms)
        return room

    async def await_member(self, room, user):
        """Waits until somebody has joined, and their devices are known."""

        async def joined():
            members = await self.client.joined_members(room)
            return any(member.user_id == user for member in getattr(members, "members", []))

        await self.until(joined)
        self.client.olm.users_for_key_query.add(user)

        async def has_device():
            await self.query_keys()
            devices = list(self.client.device_store.active_user_devices(user))
            if not devices:
                self.client.olm.users_for_key_query.add(user)
            return devices

        await self.until(has_device)
        return [device.id for device in self.client.device_store.active_user_devices(user)]

    async def query_keys(self):
        try:
            if self.client.should_query_keys:
                await self.client.keys_query()
        except LocalProtocolError:
            pass  # the loop that syncs was faster

    async def send(self, room, content, kind="m.room.message"):
        await self.query_keys()
        sent = await self.client.room_send(room, kind, content, ignore_unverified_devices=True)
        if not hasattr(sent, "event_id"):
            raise RuntimeError(str(sent))
        return sent.event_id

    async def new_session(self, room):
        """The next message of the room begins a session of its own."""
        self.client.invalidate_outbound_session(room)
        return True

    async def withhold(self, user):
        """From the next session on this user's devices get no keys."""
        for device in self.client.device_store.active_user_devices(user):
            self.client.blacklist_device(device)
        return True

    async def hand_over(self, room, user):
        """Gives the key of the room's session after all, from its first message on."""
        olm, sent = self.client.olm, 0
        session = olm.outbound_group_sessions[room]
        content = {"algorithm": "m.megolm.v1.aes-sha2", "room_id": room, "session_id": session.id, "session_key": self.first_keys[room]}
        for device in self.client.device_store.active_user_devices(user):
            self.client.unblacklist_device(device)
            if not olm.session_store.get(device.curve25519):
                await self.client.keys_claim({user: [device.id]})
            encrypted = olm._olm_encrypt(olm.session_store.get(device.curve25519), device, "m.room_key", content)
            await self.client.to_device(ToDeviceMessage("m.room.encrypted", user, device.id, encrypted))
            sent += 1
        return sent

    async def wait_answer(self, room, to, sender, seconds):
        """Waits for a message that replies to an event; none in time is null."""
        return await self.wait_event(room, sender, seconds, lambda content: replied_to(content) == to)

    async def wait_edit(self, room, of, sender, words, seconds):
        """Waits for an edit of an event that says something."""

        def fits(content):
            relation = content.get("m.relates_to", {})
            new = content.get("m.new_content", {}).get("body", "")
            return relation.get("rel_type") == "m.replace" and relation.get("event_id") == of and words in new

        return await self.wait_event(room, sender, seconds, fits)

    async def wait_text(self, room, sender, words, seconds):
        """Waits for a message that says something."""
        return await self.wait_event(room, sender, seconds, lambda content: words in content.get("body", ""))

    async def wait_event(self, room, sender, seconds, fits):
        def find():
            for where, source, encrypted in self.heard:
                if where == room and source["sender"] == sender and fits(source["content"]):
                    return {"event": source, "encrypted": encrypted}
            return None

        try:
            return await self.until(find, seconds)
        except TimeoutError:
            return None

    async def until(self, find, seconds=60):
        end = time.monotonic() + seconds
        while True:
            found = find()
            found = await found if asyncio.iscoroutine(found) else found
            if found:
                return found
            if self.syncing.done():
                raise RuntimeError(f"the member hears nothing any more: {self.syncing.exception()!r}")
            if time.monotonic() > end:
                raise TimeoutError("waited in vain")
            await asyncio.sleep(0.05)


def replied_to(content):
    return content.get("m.relates_to", {}).get("m.in_reply_to", {}).get("event_id")


async def main():
    member, loop = Member(), asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            answer = {"ok": await getattr(member, command.pop("do"))(**command)}
        except Exception as error:  # whatever it is, the test is to say it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
