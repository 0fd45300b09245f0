begin;
create table customers (name text, country text);
insert into customers values ('Almeida', 'pt'), ('Berg', 'no'), ('O''Hara', 'ie');
create table orders (customer text, cents integer);
insert into orders values ('Berg', 1250), ('Berg', 300), ('O''Hara', 9900), ('Almeida', 420);
commit;
