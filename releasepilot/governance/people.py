"""Who is who: accounts and addresses that are one person, by the catalog and by what forges write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from releasepilot.model.people import HIDDEN, Contributor, Person, mailbox


class People:
    """The persons of a catalog. Whoever it does not know is a person of their own, under their account."""

    def __init__(self, persons: Mapping[str, Person], accounts: Iterable[str]) -> None:
        """Take the catalog's persons, and the accounts that it names elsewhere."""
        self._persons = persons
        self._by_account = {account.casefold(): account for account in (*accounts, *persons)}
        for name, person in persons.items():
            self._by_account.update((account.casefold(), name) for account in person.accounts)
        self._by_address = {mailbox(address): name for name, person in persons.items() for address in person.addresses}

    def of_account(self, account: str) -> str:
        """Return the person of an account."""
        return self._by_account.get(account.casefold(), account)

    def of_address(self, address: str) -> str | None:
        """Return the person of a commit's address; None for a stranger.

        An address that the catalog does not list belongs to the account that it begins with, where there is one: who
        commits from home is no other person.
        """
        plain = mailbox(address)
        if plain in self._by_address:
            return self._by_address[plain]
        hidden = HIDDEN.fullmatch(plain)
        account = hidden["account"] if hidden else plain.partition("@")[0]
        return self._by_account.get(account)

    def accounts_of(self, person: str) -> tuple[str, ...]:
        """Return all accounts of a person."""
        known = self._persons.get(person)
        return (person, *known.accounts) if known else (person,)

    def groups_of(self, person: str) -> tuple[str, ...]:
        """Return the groups of a person."""
        known = self._persons.get(person)
        return known.groups if known else ()

    def machine(self, person: str) -> bool:
        """Whether an account is that of a program."""
        known = self._persons.get(person)
        return known is not None and known.machine

    def members(self, group: str) -> tuple[str, ...]:
        """Return the persons of a group."""
        return tuple(name for name, person in self._persons.items() if group in person.groups)


def address_of(contributor: Contributor) -> str:
    """Show a contributor to people."""
    return f"{contributor.name} <{contributor.address}>"
